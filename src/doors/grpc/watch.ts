import type { MessageInitShape } from '@bufbuild/protobuf'
import { Metadata, type ServerWritableStream } from '@grpc/grpc-js'
import type { Connections } from '../../connections/index.ts'
import { type Authenticated, LatchkeyError } from '../../core/index.ts'
import type { EventSchema } from '../../protocol/grpc/index.ts'
import { eventMessage } from './messages.ts'
import { refusalOfEnd, statusOf } from './status.ts'

export interface WatchOptions {
  readonly connections: Connections
  /** The largest number of characters of events that a client may leave unread. */
  readonly maxUnread: number
}

/** Streams the events to a session until it ends, its client disconnects, or too many events are unread. */
export function watch(
  { connections, maxUnread }: WatchOptions,
  current: Authenticated,
  stream: ServerWritableStream<unknown, MessageInitShape<typeof EventSchema>>,
): void {
  // Lets the client see that the stream is open.
  stream.sendMetadata(new Metadata())
  let unread = 0
  const connection = connections.open(current, {
    door: 'grpc',
    send(event) {
      const message = eventMessage(event)
      const chars = (message.name?.length ?? 0) + (message.data?.length ?? 0) + 1
      if (unread + chars > maxUnread) throw new LatchkeyError('too_large', 'Events are not read.')
      unread += chars
      stream.write(message, () => {
        unread -= chars
      })
    },
    close: (reason) => stream.emit('error', statusOf(refusalOfEnd(reason))),
  })
  stream.on('cancelled', () => connection.leave())
}
