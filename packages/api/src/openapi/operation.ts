import { type JsonSchema, reference, type SchemaName } from './component-schemas.ts'

export interface Reference {
  $ref: string
}

export interface Example {
  summary: string
  value: object
}

export interface Content {
  'application/json': { schema: JsonSchema; examples: Record<string, Example> }
}

export interface Response {
  description: string
  headers: Record<string, Reference>
  content: Content
}

export interface Operation {
  operationId: string
  tags: string[]
  summary: string
  description: string
  deprecated?: true
  security: Record<string, string[]>[]
  parameters: Reference[]
  requestBody: { required: true; content: Content }
  responses: Record<string, Response>
}

export interface PathItem {
  post: Operation
}

/** A `code` of the wire, and what it means; every error that was declared is one. */
export interface Code {
  readonly code: string
  readonly meaning: string
}

export type Examples = Record<string, Example>

export function content(schema: JsonSchema | SchemaName, examples: Examples): Content {
  const resolved = typeof schema === 'string' ? reference(schema) : schema
  return { 'application/json': { schema: resolved, examples } }
}

/** What a version of the API puts into an error's reply. */
export type Render = (error: { code: string; error: string }) => object

/** A reply that is an error, one of these; its `code` says which. */
export function refusal(
  codes: readonly Code[],
  schema: SchemaName,
  render: Render,
  headers: Record<string, Reference>,
): Response {
  const examples = codes.map(({ code, meaning }): [string, Example] => [
    code,
    { summary: meaning, value: render({ code, error: meaning }) },
  ])
  return {
    description: list(codes.map(({ code, meaning }) => `\`${code}\`: ${meaning}`)),
    headers,
    content: content(withCode(schema, codes, { required: true }), Object.fromEntries(examples)),
  }
}

/** The schema, its `code` one of these. */
export function withCode(
  schema: SchemaName,
  codes: readonly Code[],
  { required }: { required: boolean },
): JsonSchema {
  const properties = { code: { enum: codes.map(({ code }) => code) } }
  const told = { type: 'object', properties, ...(required && { required: ['code'] }) }
  return { allOf: [reference(schema), told] }
}

export const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join('\n')
