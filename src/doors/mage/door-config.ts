import { z } from 'zod'
import { LatchkeyError } from '../../core/index.ts'

const count = z.int().min(1)

const doorConfig = z.looseObject({
  server: z
    .looseObject({
      /** `server.clientHost.cors`: which pages of other origins may call commands. */
      clientHost: z
        .looseObject({
          cors: z
            .object({
              origin: z.string().exactOptional(),
              credentials: z.boolean().exactOptional(),
              methods: z.string().exactOptional(),
              maxAge: z.int().min(0).exactOptional(),
            })
            .nullish(),
        })
        .nullish(),
      /** `server.limits`: see `MageLimits`. */
      limits: z
        .strictObject({
          bodyBytes: count.exactOptional(),
          commands: count.exactOptional(),
          headerEntries: count.exactOptional(),
          commandMs: z.int().min(0).exactOptional(),
          cachedSessions: count.exactOptional(),
          cachedChars: count.exactOptional(),
        })
        .nullish(),
    })
    .nullish(),
})

type DoorConfig = NonNullable<z.infer<typeof doorConfig>['server']>

/** Reads the part `server` of a MAGE configuration. Throws `invalid_request`, with the key, for a value that is not valid. */
export function readDoorConfig(config: unknown): DoorConfig {
  const read = doorConfig.safeParse(config ?? {})
  if (read.success) return read.data.server ?? {}
  const [{ path, message } = { path: [], message: '' }] = read.error.issues
  throw new LatchkeyError('invalid_request', `mage.${path.join('.')}: ${message}`)
}
