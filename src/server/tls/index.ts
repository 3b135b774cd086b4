import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ResolvedConfig } from '../config.ts'
import type { Log } from '../log.ts'
import { openDevelopmentTls } from './development.ts'
import { openTlsFiles } from './files.ts'
import type { TlsMaterial } from './material.ts'

export type { TlsMaterial } from './material.ts'

/** Returns the certificate of the doors that use TLS, or null where none is given and none is to be made. */
export async function openTls(
  config: ResolvedConfig,
  { logger }: Log,
): Promise<TlsMaterial | null> {
  const { tlsCert, tlsKey, tlsSelfMade, store, data } = config
  if (tlsCert !== null && tlsKey !== null) {
    return openTlsFiles({
      cert: resolve(tlsCert),
      key: resolve(tlsKey),
      onProblem: (message) => logger.error(message),
      onReload: () => logger.info('New connections use the new certificate.'),
    })
  }
  if (!tlsSelfMade) return null
  const folder = store !== 'sqlite' && !existsSync(data) ? null : join(resolve(data), 'tls')
  return openDevelopmentTls({ folder, now: Date.now() })
}
