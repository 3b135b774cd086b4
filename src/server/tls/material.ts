/** A certificate and its key, as the doors that speak TLS use them; they change while the server runs. */
export interface TlsMaterial {
  /** PEM: the certificate and those between it and its authority. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  /** PEM: the authority that a client must trust, where we made it; null for certificates of others. */
  readonly ca: string | null
  /** Where that stands as a file. */
  readonly caFile: string | null
  /** Tells when certificate and key have changed, both at once; returns how to stop that. */
  onChange(listener: () => void): () => void
  /** Watches no more. */
  close(): void
}
