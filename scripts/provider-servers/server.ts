/** A server by other people that a suite can run against. */
export interface ProviderServer {
  name: string
  /** Fetches it into the folder unless it is there, and returns the program. Throws with the reason if it cannot be had. */
  get(folder: string, signal: AbortSignal): Promise<string>
  /** What to start it with; `folder` is its own. */
  command(port: number, folder: string): Promise<Command>
  /** Answers 2xx to a GET once it is up. */
  health: string
  /** Makes what the suites expect to be there. */
  prepare?(url: string): Promise<void>
  /** For `test:providers`. */
  variables(url: string): Record<string, string>
}

interface Command {
  args: string[]
  env?: Record<string, string>
}

export async function send(method: string, url: string, body?: object, headers = {}) {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status}`)
}
