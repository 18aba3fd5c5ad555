import { openApiDocument, openApiPage } from '@ens/api'
import type { App } from '@ens/server'

/** Serves what is said of the API: a page for people, which loads nothing, and the document for programs. */
export function mountApiDocs(app: App): void {
  const { contents, headers } = openApiPage()
  const document = Buffer.from(JSON.stringify(openApiDocument(), null, 2))
  app.get('/docs', async (_, reply) => reply.headers(headers).send(contents))
  app.get('/openapi.json', async (_, reply) =>
    reply
      .headers({ 'content-type': 'application/json', 'cache-control': 'no-cache' })
      .send(document),
  )
}
