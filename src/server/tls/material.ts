/** The certificate and the key of the doors that use TLS. They may change while the server runs. */
export interface TlsMaterial {
  /** PEM: the certificate and its chain. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  /** PEM: the authority that a client must trust, where the server made it, else null. */
  readonly ca: string | null
  /** The file of that authority, or null. */
  readonly caFile: string | null
  /** Calls `listener` after certificate and key have changed together. Returns a function that stops it. */
  onChange(listener: () => void): () => void
  /** Stops watching the files. */
  close(): void
}
