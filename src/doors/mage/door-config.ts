import { z } from 'zod'
import { LatchkeyError } from '../../core/index.ts'

const count = z.int().min(1)

const doorConfig = z.looseObject({
  server: z
    .looseObject({
      /** `server.clientHost.cors`: what pages of other origins may do. */
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
      /** `server.limits`: what a stranger may send, and how long commands may take. */
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

/** What a MAGE configuration says of the door: its `server`. Throws `invalid_request`, naming the key, for a value that means nothing. */
export function readDoorConfig(config: unknown): DoorConfig {
  const read = doorConfig.safeParse(config ?? {})
  if (read.success) return read.data.server ?? {}
  const [{ path, message } = { path: [], message: '' }] = read.error.issues
  throw new LatchkeyError('invalid_request', `mage.${path.join('.')}: ${message}`)
}
