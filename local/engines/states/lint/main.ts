/**
 * Lints state machine definitions: `npm run lint:asl [-- FILE…] [--assembly cdk.out]`. AWS's language service and our rules;
 * placeholders are checked against the templates that CDK synthesized, where they are.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import service from 'amazon-states-language-service'
import pc from 'picocolors'
import { type Finding, type LintOptions, lintDefinition } from './rules.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { assembly: { type: 'string', default: 'cdk.out' } },
})
const files =
  positionals.length > 0
    ? positionals
    : readdirSync('definitions')
        .filter((name) => name.endsWith('.asl.json'))
        .map((name) => join('definitions', name))

/** By a definition's text, what its state machine in the synthesized templates says. */
function readTemplates(assembly: string): Map<string, LintOptions> {
  const known = new Map<string, LintOptions>()
  if (!existsSync(assembly)) return known
  const read = (name: string) => JSON.parse(readFileSync(join(assembly, name), 'utf8'))
  for (const name of readdirSync(assembly).filter((entry) => entry.endsWith('.template.json'))) {
    const assetsFile = name.replace('.template.json', '.assets.json')
    const assets: Record<string, any> = existsSync(join(assembly, assetsFile)) ? read(assetsFile).files : {}
    for (const resource of Object.values<any>(read(name).Resources ?? {})) {
      if (resource.Type !== 'AWS::StepFunctions::StateMachine') continue
      const { DefinitionS3Location, DefinitionString, DefinitionSubstitutions, StateMachineType } = resource.Properties
      const asset = Object.entries(assets).find(([hash]) => String(DefinitionS3Location?.Key).includes(hash))?.[1]
      const text = asset ? readFileSync(join(assembly, asset.source.path), 'utf8') : DefinitionString
      if (typeof text !== 'string') continue
      known.set(text, {
        type: StateMachineType ?? 'STANDARD',
        substitutions: new Set(Object.keys(DefinitionSubstitutions ?? {})),
      })
    }
  }
  return known
}

async function languageFindings(file: string, text: string): Promise<Finding[]> {
  const language = service.getLanguageService({})
  const document = service.TextDocument.create(`file:///${file}`, 'asl', 1, text)
  const diagnostics = await language.doValidation(document, language.parseJSONDocument(document))
  return diagnostics.map((diagnostic: any) => ({
    severity: diagnostic.severity === 1 ? ('error' as const) : ('warning' as const),
    message: diagnostic.message,
    location: `line ${diagnostic.range.start.line + 1}`,
  }))
}

const templates = readTemplates(values.assembly)
let errors = 0
for (const file of files) {
  const text = readFileSync(file, 'utf8')
  const findings = [
    ...(await languageFindings(file, text)),
    ...lintDefinition(text, templates.get(text) ?? { type: 'STANDARD' }),
  ]
  for (const { severity, message, location } of findings) {
    if (severity === 'error') errors++
    console.log(
      `${file}${location.startsWith('line') ? `:${location.slice(5)}` : ` ${location}`}  ${severity === 'error' ? pc.red(severity) : pc.yellow(severity)}  ${message}`,
    )
  }
  if (findings.length === 0) console.log(`${pc.green('✓')} ${file}`)
}
process.exit(errors > 0 ? 1 : 0)
