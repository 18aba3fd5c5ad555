import { type Call, Refusal } from './http.ts'
import { type KeyMaterial, newKey, operate } from './key-material.ts'
import { attributesOf, type Version, Versions } from './versions.ts'

/*
 * Keys and secrets, as documented for 7.x: https://learn.microsoft.com/rest/api/keyvault/keys and
 * https://learn.microsoft.com/rest/api/keyvault/secrets. Only what this system uses.
 */

const NAME = /^[0-9a-zA-Z-]{1,127}$/

type Route = (call: Call, ...matched: string[]) => unknown

export interface Vault {
  /** Answers a call that has shown its token; throws a `Refusal`. */
  answer(call: Call): Promise<unknown>
}

/** A vault in memory; `url` is where it can be reached, as ids say. */
export function openVault(url: string): Vault {
  const routes: [method: string, path: RegExp, route: Route][] = [
    ...keyRoutes(url, new Versions<KeyMaterial>('Key')),
    ...secretRoutes(url, new Versions<string>('Secret')),
  ]
  return {
    async answer(call) {
      if (!call.query.has('api-version'))
        throw new Refusal(400, 'BadParameter', 'api-version must be specified')
      for (const [method, path, route] of routes) {
        const matched = path.exec(call.path)
        if (method === call.method && matched) return route(call, ...matched.slice(1))
      }
      throw new Refusal(404, 'ResourceNotFound', 'There is no such resource.')
    },
  }
}

function keyRoutes(url: string, keys: Versions<KeyMaterial>): [string, RegExp, Route][] {
  const idOf = (name: string, version: string) => `${url}/keys/${name}/${version}`
  const bundle = (name: string, key: Version<KeyMaterial>) => ({
    key: { kid: idOf(name, key.version), ...jwk(key.content) },
    attributes: attributesOf(key),
    tags: key.tags,
  })
  return [
    [
      'POST',
      /^\/keys\/([^/]+)\/create$/,
      async ({ body }, name = '') => {
        const { kty, key_size: size, crv, tags } = body
        return bundle(name, keys.add(named(name), await newKey(kty, size, crv), tags))
      },
    ],
    [
      'GET',
      /^\/keys\/([^/]+)\/versions$/,
      ({ query }, name = '') =>
        listing(keys, `${url}/keys/${name}/versions`, name, query, ({ version }) => ({
          kid: idOf(name, version),
        })),
    ],
    [
      'GET',
      /^\/keys\/([^/]+)\/?([^/]*)$/,
      (_call, name = '', version) => bundle(name, keys.get(name, version)),
    ],
    [
      'PATCH',
      /^\/keys\/([^/]+)\/([^/]+)$/,
      ({ body }, name = '', version) => {
        const key = keys.get(name, version)
        const { enabled, exp } = (body.attributes ?? {}) as { enabled?: boolean; exp?: number }
        Object.assign(key, { enabled: enabled ?? key.enabled, exp: exp ?? key.exp })
        return bundle(name, key)
      },
    ],
    [
      'POST',
      /^\/keys\/([^/]+)\/([^/]+)\/(sign|encrypt|decrypt)$/,
      ({ body }, name = '', version = '', operation = '') => {
        const key = keys.getEnabled(name, version, operation)
        const value = Buffer.from(String(body.value ?? ''), 'base64url')
        const result = operate(key.content, operation, body.alg, value)
        return { kid: idOf(name, key.version), value: result.toString('base64url') }
      },
    ],
  ]
}

function secretRoutes(url: string, secrets: Versions<string>): [string, RegExp, Route][] {
  const bundle = (name: string, secret: Version<string>) => ({
    value: secret.content,
    id: `${url}/secrets/${name}/${secret.version}`,
    attributes: attributesOf(secret),
    tags: secret.tags,
  })
  return [
    [
      'PUT',
      /^\/secrets\/([^/]+)$/,
      ({ body }, name = '') =>
        bundle(name, secrets.add(named(name), String(body.value ?? ''), body.tags)),
    ],
    [
      'GET',
      /^\/secrets\/([^/]+)\/?([^/]*)$/,
      (_call, name = '', version) => bundle(name, secrets.getEnabled(name, version, 'get')),
    ],
    [
      'PATCH',
      /^\/secrets\/([^/]+)\/([^/]+)$/,
      ({ body }, name = '', version) => {
        const secret = secrets.get(name, version)
        const { enabled } = (body.attributes ?? {}) as { enabled?: boolean }
        secret.enabled = enabled ?? secret.enabled
        const { value: _, ...others } = bundle(name, secret)
        return others
      },
    ],
  ]
}

function listing<Content>(
  from: Versions<Content>,
  url: string,
  name: string,
  query: URLSearchParams,
  idOf: (version: Version<Content>) => object,
) {
  const { versions, next } = from.page(name, Number(query.get('$skiptoken') ?? 0))
  const apiVersion = query.get('api-version') ?? ''
  return {
    value: versions.map((one) => ({
      ...idOf(one),
      attributes: attributesOf(one),
      tags: one.tags,
    })),
    nextLink: next === undefined ? null : `${url}?api-version=${apiVersion}&$skiptoken=${next}`,
  }
}

function named(name: string): string {
  if (NAME.test(name)) return name
  throw new Refusal(400, 'BadParameter', `The request URI contains an invalid name: ${name}`)
}

function jwk({ kty, publicKey }: KeyMaterial) {
  const { x, y, crv, n, e } = publicKey.export({ format: 'jwk' })
  return kty === 'EC'
    ? { kty, key_ops: ['sign', 'verify'], crv, x, y }
    : { kty, key_ops: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'], n, e }
}
