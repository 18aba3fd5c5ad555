/** What operations refer to beside schemas: headers, and how a health authority shows who it is. */
export function components() {
  return {
    headers: {
      'x-api-version': {
        description: 'The version of the API that has answered, whatever the answer.',
        schema: { type: 'string' },
      },
      'Retry-After': {
        description: 'After how many seconds the same request may be sent again.',
        schema: { type: 'integer', minimum: 0 },
      },
    },
    parameters: {
      'X-Chaff': {
        name: 'X-Chaff',
        in: 'header',
        description:
          'Any text that is not blank makes the request chaff: it is thrown away unread and answered like a publish.',
        schema: { type: 'string' },
        example: '1',
      },
    },
    securitySchemes: {
      healthAuthority: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description:
          'Signed (ES256) by the health authority with a key it certifies with, named by `kid`; claims `iss`, `aud`, `iat`, `exp`.',
      },
    },
  } as const
}

type Components = ReturnType<typeof components>

export const headerReference = (name: keyof Components['headers']) => ({
  $ref: `#/components/headers/${name}`,
})

export const parameterReference = (name: keyof Components['parameters']) => ({
  $ref: `#/components/parameters/${name}`,
})
