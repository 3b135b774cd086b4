import { type DescFile, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import type { Server } from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import { service as healthService } from 'grpc-health-check'

type Package = ConstructorParameters<typeof ReflectionService>[0]

/** Adds the reflection service to a server, so that tools such as `grpcurl` can call it without the proto files. */
export function addReflection(server: Server, files: readonly DescFile[]): void {
  const described = files.map((file) => [
    file.name,
    {
      format: 'Protocol Buffer 3 DescriptorProto',
      type: {},
      fileDescriptorProtos: [Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto))],
    },
  ])
  const health = Object.values(healthService)[0]?.requestType
  const all = { ...Object.fromEntries(described), ...(health !== undefined && { health }) }
  new ReflectionService(all as Package).addToServer(server)
}
