export interface VaultReply {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

export interface VaultQuestion {
  method: string
  /** Below the mount. */
  path: string[]
  query: URLSearchParams
  body: Record<string, unknown>
}

export const found = (data: unknown): VaultReply => ({
  status: 200,
  body: {
    request_id: crypto.randomUUID(),
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data,
    wrap_info: null,
    warnings: null,
    auth: null,
  },
})

export const done: VaultReply = { status: 204 }
export const nothing: VaultReply = { status: 404, body: { errors: [] } }

export const refused = (status: number, ...errors: string[]): VaultReply => ({
  status,
  body: { errors },
})

/** What Vault calls a user's mistake. */
export const mistaken = (error: string) => refused(400, error)
