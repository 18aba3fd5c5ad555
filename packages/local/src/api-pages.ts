import { openApiDocument, openApiPage } from '@ens/api'
import type { Pages } from './cdn.ts'

export const API_PAGE_PATH = '/docs'
export const API_DOCUMENT_PATH = '/openapi.json'

/** The API of the fleet, for people and for programs. */
export function apiPages(): Pages {
  const { contents, headers } = openApiPage()
  const document = JSON.stringify(openApiDocument(), null, 2)
  return new Map([
    [API_PAGE_PATH, { contents: Buffer.from(contents), headers }],
    [
      API_DOCUMENT_PATH,
      {
        contents: Buffer.from(document),
        headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' },
      },
    ],
  ])
}
