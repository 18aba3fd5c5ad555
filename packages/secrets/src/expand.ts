import { secretNotFound } from './errors.ts'
import type { SecretManager } from './secret-manager.ts'
import { textOf } from './value.ts'

/** With `name.path.to.text` the secret `name` is a JSON object, and the rest leads to a text in it. */
export function expandingSecretManager(inner: SecretManager): SecretManager {
  return {
    async get(name, options) {
      const dot = name.indexOf('.')
      if (dot < 0) return inner.get(name, options)
      const whole = name.slice(0, dot)
      const document = parsed(name, textOf(await inner.get(whole, options), whole))
      const value = name
        .slice(dot + 1)
        .split('.')
        .reduce(member, document)
      if (typeof value === 'string') return value
      throw secretNotFound(`the path of ${name} does not lead to a text`)
    },
  }
}

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Without a cause: the parser's message quotes the text.
    throw secretNotFound(`the secret behind ${name} is not JSON`)
  }
}

function member(node: unknown, key: string): unknown {
  if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined
  return (node as Record<string, unknown>)[key]
}
