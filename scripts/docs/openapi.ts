import { openApiDocument } from '@ens/api'

/** The API of the exposure service for programs, as `start` and the service itself serve it. */
export function openApiFile(): Promise<string> {
  return Promise.resolve(`${JSON.stringify(openApiDocument(), null, 2)}\n`)
}
