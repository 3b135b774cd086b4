import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import type { MethodDefinition } from '@grpc/grpc-js'

/** What one method sends and receives: what is sent may leave fields out. */
export type MethodDefinitionOf<M extends DescMethod> = MethodDefinition<
  MessageInitShape<M['input']>,
  MessageInitShape<M['output']>
> & {
  readonly requestDeserialize: (bytes: Buffer) => MessageShape<M['input']>
  readonly responseDeserialize: (bytes: Buffer) => MessageShape<M['output']>
}

/** A service as grpc-js wants it, by the local names of its methods (`whoAmI`). */
export type ServiceDefinitionOf<S extends DescService> = {
  readonly [Name in keyof S['method']]: MethodDefinitionOf<S['method'][Name]>
}

/** Describes a service of `protoc-gen-es` to grpc-js, for a server and for a client alike. */
export function serviceDefinition<S extends DescService>(service: S): ServiceDefinitionOf<S> {
  const methods = service.methods.map(({ name, localName, methodKind, input, output }) => [
    localName,
    {
      path: `/${service.typeName}/${name}`,
      originalName: name,
      requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
      responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
      requestSerialize: (value: MessageInitShape<typeof input>) => serialize(input, value),
      // Most requests that are answered often say nothing.
      requestDeserialize: (bytes: Buffer) =>
        bytes.length === 0 ? create(input) : fromBinary(input, bytes),
      responseSerialize: (value: MessageInitShape<typeof output>) => serialize(output, value),
      responseDeserialize: (bytes: Buffer) => fromBinary(output, bytes),
    },
  ])
  return Object.fromEntries(methods) as ServiceDefinitionOf<S>
}

function serialize<D extends DescMessage>(schema: D, value: MessageInitShape<D>): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(schema, create(schema, value))
  return Buffer.from(buffer, byteOffset, byteLength)
}
