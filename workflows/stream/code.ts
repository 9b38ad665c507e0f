/** The application's code as an asset: the runner, the SQL and, once `npm run build:flink` has made it, the jar of connectors. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Annotations } from 'aws-cdk-lib'
import { Asset } from 'aws-cdk-lib/aws-s3-assets'
import type { Construct } from 'constructs'

const JAR = 'pyflink-dependencies.jar'

/** A zip with main.py, job.sql and lib/; without the jar it warns, for then the application runs on the local cloud only. */
export function applicationCode(scope: Construct, id: string, root: string): Asset {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-flink-'))
  try {
    copyFileSync(join(root, 'flink', 'main.py'), join(folder, 'main.py'))
    copyFileSync(join(root, 'sql', 'flink', 'users.sql'), join(folder, 'job.sql'))
    const jar = join(root, 'flink', 'target', JAR)
    if (existsSync(jar)) {
      mkdirSync(join(folder, 'lib'))
      copyFileSync(jar, join(folder, 'lib', JAR))
    } else {
      Annotations.of(scope).addWarningV2(
        'stepwell:flink-jar',
        `flink/target/${JAR} is not built, so the stream's application cannot run on AWS. Before you deploy: npm run build:flink`,
      )
    }
    // The asset is copied when it is made, under a hash of its content.
    return new Asset(scope, id, { path: folder })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
