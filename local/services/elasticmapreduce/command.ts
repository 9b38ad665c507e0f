/** What a step's arguments mean: `command-runner.jar` with `hive-script` or `hive`. */

export interface HiveCommand {
  /** `s3://…` of the script, or its text. */
  readonly script: { readonly uri: string } | { readonly text: string }
  /** -d, --define, --hivevar */
  readonly variables: Readonly<Record<string, string>>
  /** --hiveconf */
  readonly conf: Readonly<Record<string, string>>
}

/** A step that cannot run: `reason` as EMR shows it in FailureDetails, the message for its stderr. */
export class BadStep extends Error {
  override name = 'BadStep'
}

const RUNNER = /(^|\/)command-runner\.jar$/

/**
 * Reads `hive-script --run-hive-script --args -f s3://bucket/x.hql -d NAME=value …`, or `hive -f …` and `hive -e '…'`.
 *
 * @throws BadStep for jars and commands that only a cluster with a JVM could run, and for arguments that Hive does not know
 */
export function hiveCommand(jar: string, args: readonly string[]): HiveCommand {
  if (!RUNNER.test(jar))
    throw new BadStep(`There is no JVM here to run ${jar}: steps run command-runner.jar with hive-script.`)
  const [command = '', ...rest] = args
  if (command !== 'hive-script' && command !== 'hive') {
    throw new BadStep(`command-runner.jar has no '${command}' here: hive-script and hive are what it runs.`)
  }
  return hiveArguments(command === 'hive' ? rest : scriptArguments(rest))
}

/** Everything behind `--args`; the options before it choose a version of Hive, of which there is one. */
function scriptArguments(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--args')
  if (at < 0) throw new BadStep("hive-script needs '--run-hive-script --args -f s3://…'.")
  if (!args.slice(0, at).includes('--run-hive-script'))
    throw new BadStep("hive-script runs scripts only with '--run-hive-script'.")
  return args.slice(at + 1)
}

function hiveArguments(args: readonly string[]): HiveCommand {
  const variables: Record<string, string> = {}
  const conf: Record<string, string> = {}
  let script: HiveCommand['script'] | undefined
  for (let i = 0; i < args.length; i++) {
    const option = args[i]!
    const value = (): string => {
      const next = args[++i]
      if (next === undefined) throw new BadStep(`Hive's option ${option} needs a value.`)
      return next
    }
    const pair = (into: Record<string, string>) => {
      const text = value()
      const at = text.indexOf('=')
      if (at < 1) throw new BadStep(`Hive's option ${option} takes NAME=value, not '${text}'.`)
      into[text.slice(0, at)] = text.slice(at + 1)
    }
    switch (option) {
      case '-f':
        script = { uri: value() }
        break
      case '-e':
        script = { text: value() }
        break
      case '-d':
      case '--define':
      case '--hivevar':
      case '-hivevar':
        pair(variables)
        break
      case '--hiveconf':
      case '-hiveconf':
        pair(conf)
        break
      case '-v':
      case '--verbose':
      case '-S':
      case '--silent':
        break
      default:
        throw new BadStep(`Hive has no option ${option} here: -f, -e, -d, --hivevar and --hiveconf are what it takes.`)
    }
  }
  if (!script) throw new BadStep('Hive needs a script: -f s3://bucket/script.hql.')
  return { script, variables, conf }
}
