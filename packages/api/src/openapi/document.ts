import { type ComponentSchemas, componentSchemas } from './component-schemas.ts'
import { components } from './components.ts'
import type { Operation, PathItem } from './operation.ts'
import { publishV1 } from './publish-v1.ts'
import { publishV1alpha1 } from './publish-v1alpha1.ts'
import { stats } from './stats.ts'

/** What we use of OpenAPI 3.1. */
export interface OpenApiDocument {
  openapi: '3.1.1'
  info: { title: string; version: string; summary: string; description: string }
  servers: { url: string; description: string }[]
  tags: { name: string; description: string }[]
  paths: Record<string, PathItem>
  components: ReturnType<typeof components> & { schemas: ComponentSchemas }
}

const DESCRIPTION = `Phones of people who were diagnosed publish their exposure keys here, with a certificate of their
health authority; health authorities read how their people publish.

- Bodies are JSON in UTF-8, announced by a \`Content-Type\` that begins with \`application/json\`. The value must end within
  64 000 bytes.
- Names of fields are compared case-insensitively, \`null\` is as good as absent, and a field that is not listed here is
  refused. Integers are written as integers: \`1.0\` and \`"1"\` are refused.
- Every route answers every HTTP method; clients use POST.
- Programs look at the status and at \`code\`. The text in \`error\` is for people and may change.
- What failed with 429 or 503 may succeed later: send the same request again, with the same certificate and token.
- Base64 is read in either alphabet, with or without padding, and written in the standard one with padding.`

/** The HTTP API of the exposure service, as OpenAPI 3.1, from the schemas that requests and replies are made with. */
export function openApiDocument(): OpenApiDocument {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Exposure Notification key server',
      version: '1.0.0',
      summary: 'Where phones publish their keys.',
      description: DESCRIPTION,
    },
    servers: [{ url: '/', description: 'The address of the exposure service.' }],
    tags: [
      { name: 'Phones', description: 'Publishing keys, and revising what was published.' },
      { name: 'Health authorities', description: 'Statistics on publishes.' },
    ],
    paths: paths([publishV1(), stats(), publishV1alpha1()]),
    components: { ...components(), schemas: componentSchemas() },
  }
}

function paths(operations: readonly { path: string; operation: Operation }[]) {
  return Object.fromEntries(operations.map(({ path, operation }) => [path, { post: operation }]))
}
