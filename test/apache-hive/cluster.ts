/** Apache Hive 3.1.3 on Tez, in one process a script, on the files of this machine: the command line that an EMR step runs. */
import { execFile, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const here = fileURLToPath(new URL('.', import.meta.url))
const run = promisify(execFile)

/** Packages whose private fields Hive's and Hadoop's libraries read. */
const OPEN = 'lang lang.reflect util util.concurrent util.concurrent.atomic util.regex net nio io text time'
  .split(' ')
  .map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`)
  .concat('--add-opens=java.base/sun.nio.ch=ALL-UNNAMED')

/** A script of Apache Hive ended with an error: the end of what it printed is in the message, all of it in the log. */
export class ApacheHiveError extends Error {
  override name = 'ApacheHiveError'
}

/**
 * Fetches Hive with Maven (230 MB, once) into a folder, and compiles the two classes that let it run on a Java newer than 8.
 * @returns the folder of its jars
 * @throws ApacheHiveError without a JDK or Maven, or when Maven cannot reach its repository
 */
export async function fetchHive(folder: string): Promise<string> {
  const jars = join(folder, 'jars')
  const complete = join(folder, 'complete')
  const pom = await readFile(join(here, 'pom.xml'), 'utf8')
  if ((await readFile(complete, 'utf8').catch(() => '')) === pom) return jars
  await mkdir(jars, { recursive: true })
  const classes = join(folder, 'classes')
  const serializer = join(
    here,
    'java/org/apache/hadoop/hive/ql/exec/SerializationUtilities$ArrayListSubListSerializer.java',
  )
  try {
    await run('mvn', [
      '-B',
      '-q',
      '-f',
      join(here, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${jars}`,
    ])
    await run('javac', ['-d', join(folder, 'loader'), join(here, 'java/HiveClassLoader.java')])
    await run('javac', ['-d', classes, '-cp', join(jars, '*'), serializer])
    await run('jar', ['cf', join(jars, '0-newer-java.jar'), '-C', classes, '.'])
  } catch (cause) {
    throw new ApacheHiveError(
      `Apache Hive could not be made ready; a JDK and Maven are needed. ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
  await writeFile(complete, pom)
  return jars
}

/**
 * Runs a script to its end. `data` holds the metastore, the warehouse (a cluster's HDFS), and of each script what it
 * prints (`.out`) and logs (`.log`).
 * @throws ApacheHiveError when Hive ends with an error
 */
export async function runScript(
  hive: string,
  data: string,
  script: string,
  variables: Record<string, string>,
): Promise<void> {
  await mkdir(join(data, 'tmp'), { recursive: true })
  const settings = {
    'javax.jdo.option.ConnectionURL': `jdbc:derby:;databaseName=${data}/metastore;create=true`,
    'datanucleus.schema.autoCreateAll': 'true',
    'hive.metastore.schema.verification': 'false',
    'hive.metastore.warehouse.dir': `file://${data}/warehouse`,
    'hive.exec.scratchdir': `file://${data}/scratch`,
    'hive.exec.local.scratchdir': `${data}/local`,
    'hive.jar.directory': `file://${data}/jars`,
    'hive.user.install.directory': `file://${data}/install`,
    'fs.defaultFS': 'file:///',
    'tez.local.mode': 'true',
    'tez.runtime.optimize.local.fetch': 'true',
    'tez.ignore.lib.uris': 'true',
    'tez.staging-dir': `${data}/staging`,
    'tez.task.resource.memory.mb': '1024',
    'hive.tez.container.size': '1024',
  }
  const name = join(data, script.split('/').at(-1)!)
  const [out, log] = [createWriteStream(`${name}.out`), createWriteStream(`${name}.log`)]
  const child = spawn(
    'java',
    [
      ...OPEN,
      '-Xmx4g',
      `-Djava.io.tmpdir=${data}/tmp`,
      `-Dderby.stream.error.file=${data}/derby.log`,
      '-Djava.system.class.loader=HiveClassLoader',
      `-Dhive.jars=${join(hive, 'jars')}`,
      '-cp',
      join(hive, 'loader'),
      'org.apache.hadoop.hive.cli.CliDriver',
      ...Object.entries(settings).flatMap(([name, value]) => ['--hiveconf', `${name}=${value}`]),
      ...Object.entries(variables).flatMap(([name, value]) => ['-d', `${name}=${value}`]),
      '-f',
      script,
    ],
    { cwd: data, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let tail = ''
  child.stdout.pipe(out)
  child.stderr.on('data', (chunk: Buffer) => {
    log.write(chunk)
    tail = (tail + chunk).slice(-3000)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  log.end()
  await Promise.all([finished(log), finished(out)])
  if (code !== 0)
    throw new ApacheHiveError(`Apache Hive ended ${script} with code ${code}; its log is ${log.path}.\n${tail}`)
}
