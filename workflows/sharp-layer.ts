/**
 * The Lambda layer with sharp, which is native and so comes in no bundle: the package with what it needs at run time, for Lambda's
 * x86-64 and, where that is another one, for this machine, which runs the same layer.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Architecture, Code, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'

const PACKAGES = ['sharp', 'detect-libc', 'semver']
const LAMBDA = 'sharp-linux-x64'

export function sharpLayer(scope: Construct, id: string, root: string): LayerVersion {
  return new LayerVersion(scope, id, {
    code: Code.fromAsset(layerFolder(root)),
    compatibleRuntimes: [Runtime.NODEJS_24_X],
    compatibleArchitectures: [Architecture.X86_64],
    description: 'sharp and libvips',
  })
}

/** Made once for each version: `.build/layers/sharp-0.35.5/nodejs/node_modules/…`. */
function layerFolder(root: string): string {
  const modules = join(root, 'node_modules')
  const { version } = JSON.parse(readFileSync(join(modules, 'sharp', 'package.json'), 'utf8'))
  const folder = join(root, '.build', 'layers', `sharp-${version}-${process.platform}-${process.arch}`)
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.${process.pid}`
  const target = join(unfinished, 'nodejs', 'node_modules')
  mkdirSync(join(target, '@img'), { recursive: true })
  for (const name of PACKAGES) cpSync(join(modules, name), join(target, name), { recursive: true })
  for (const name of readdirSync(join(modules, '@img'))) {
    // The parts for libc implementations that Lambda does not have only add weight.
    if (!/musl|wasm/.test(name)) cpSync(join(modules, '@img', name), join(target, '@img', name), { recursive: true })
  }
  if (!existsSync(join(target, '@img', LAMBDA))) installForLambda(join(unfinished, 'nodejs'), version)
  rmSync(folder, { recursive: true, force: true })
  renameSync(unfinished, folder)
  return folder
}

/** As CDK does for native modules: npm brings the binaries of the other platform. */
function installForLambda(folder: string, version: string): void {
  const words = [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--os=linux',
    '--cpu=x64',
    '--libc=glibc',
    '--prefix',
    folder,
  ]
  execFileSync('npm', [...words, `sharp@${version}`], { stdio: ['ignore', 'ignore', 'inherit'] })
}
