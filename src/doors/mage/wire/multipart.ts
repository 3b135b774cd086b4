/** A file of a batch, as a command receives it. */
export interface UploadedFile {
  readonly data: readonly Buffer[]
  readonly partName: string
  readonly fileName: string | undefined
  readonly type: string | undefined
}

interface MultipartBody {
  /** The part `cmddata`, which has the form of a body without files. */
  readonly text: string
  readonly files: Map<string, UploadedFile>
}

const MULTIPART = /^multipart\/form-data; boundary=(?:"([^"]+)"|(.+))$/

/** Returns whether a content type is that of a batch with files. */
export function isMultipart(contentType: string | undefined): contentType is string {
  return contentType !== undefined && MULTIPART.test(contentType)
}

const LINE_END = Buffer.from('\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * Reads a batch with files (RFC 7578). Every part but `cmddata` is a file, with the content type exactly as it was sent. Returns null for a body
 * that is not complete.
 */
export function readMultipart(body: Buffer, contentType: string): MultipartBody | null {
  const [, quoted, plain] = MULTIPART.exec(contentType) ?? []
  // The first boundary need not follow a line end.
  const bytes = Buffer.concat([LINE_END, body])
  const boundary = Buffer.from(`\r\n--${quoted ?? plain}`, 'latin1')
  const files = new Map<string, UploadedFile>()
  let text = ''
  let from = bytes.indexOf(boundary)
  while (from !== -1) {
    const head = from + boundary.length
    if (bytes.toString('latin1', head, head + 2) === '--') return { text, files }
    const headEnd = bytes.indexOf(HEAD_END, head)
    const start = headEnd + HEAD_END.length
    const end = headEnd === -1 ? -1 : bytes.indexOf(boundary, start)
    const part = end === -1 ? null : readHead(bytes.toString('utf8', head, headEnd))
    if (part === null) return null
    const data = bytes.subarray(start, end)
    if (part.partName === 'cmddata') text += data.toString('utf8')
    else files.set(part.partName, { data: [data], ...part })
    from = end
  }
  return null
}

/** Reads the header of a part. Returns null for a part without a name. */
function readHead(head: string): Omit<UploadedFile, 'data'> | null {
  const disposition = headerIn(head, 'content-disposition') ?? ''
  const partName = parameterIn(disposition, 'name')
  if (partName === undefined) return null
  const type = headerIn(head, 'content-type')
  return { partName, fileName: parameterIn(disposition, 'filename'), type }
}

function headerIn(head: string, name: string): string | undefined {
  const line = head.split('\r\n').find((each) => each.toLowerCase().startsWith(`${name}:`))
  return line?.slice(name.length + 1).trim() || undefined
}

function parameterIn(disposition: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^;\\s]*))`, 'i').exec(disposition)
  // Browsers send a quotation mark as `%22`.
  return (found?.[1] ?? found?.[2])?.replaceAll('%22', '"')
}

/**
 * Replaces strings in the parameters, at any depth, that are the name of a part by the file of that part. Each file is used once, and then
 * removed from the map.
 */
export function placeFiles(params: object, files: Map<string, UploadedFile>): void {
  const holders: object[] = [params]
  for (const holder of holders) {
    if (files.size === 0) return
    for (const [key, value] of Object.entries(holder)) {
      if (typeof value === 'object' && value !== null) holders.push(value)
      const file = typeof value === 'string' ? files.get(value) : undefined
      if (file === undefined) continue
      files.delete(file.partName)
      Object.defineProperty(holder, key, {
        value: file,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
  }
}
