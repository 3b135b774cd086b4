/** A file that came with a batch, as commands get it. */
export interface UploadedFile {
  readonly data: readonly Buffer[]
  readonly partName: string
  readonly fileName: string | undefined
  readonly type: string | undefined
}

export interface MultipartBody {
  /** The part `cmddata`: what would be the body without files. */
  readonly text: string
  readonly files: Map<string, UploadedFile>
}

/** Whether a content type is that of a batch with files. Any other type is ignored. */
export function isMultipart(contentType: string | undefined): contentType is string {
  return contentType !== undefined && /^multipart\/form-data; boundary=(.+)$/.test(contentType)
}

/** Reads a batch with files; null for what is none. */
export async function readMultipart(
  bytes: Buffer,
  contentType: string,
): Promise<MultipartBody | null> {
  const form = await formOf(bytes, contentType)
  if (form === null) return null
  const files = new Map<string, UploadedFile>()
  let text = ''
  for (const [partName, value] of form) {
    if (partName === 'cmddata') text += typeof value === 'string' ? value : await value.text()
    else files.set(partName, await fileOf(partName, value))
  }
  return { text, files }
}

async function formOf(bytes: Buffer, contentType: string): Promise<FormData | null> {
  const headers = { 'content-type': contentType }
  try {
    return await new Response(new Uint8Array(bytes), { headers }).formData()
  } catch {
    return null
  }
}

async function fileOf(partName: string, value: File | string): Promise<UploadedFile> {
  if (typeof value === 'string') {
    return { data: [Buffer.from(value)], partName, fileName: undefined, type: undefined }
  }
  const data = [Buffer.from(await value.arrayBuffer())]
  return { data, partName, fileName: value.name, type: value.type || undefined }
}

/**
 * Puts files where the parameters name them: a text that is the name of a part becomes the file, each file once, at any depth. Files
 * that were placed are taken out of the map.
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
