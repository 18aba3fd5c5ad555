import type { FastifyReply, FastifyRequest } from 'fastify'
import { cleanPath } from './clean-path.ts'

/** Unknown paths, as the reference server answers them; unclean ones are redirected to their clean form. */
export function notFoundHandler(request: FastifyRequest, reply: FastifyReply) {
  const query = request.url.indexOf('?')
  const path = query < 0 ? request.url : request.url.slice(0, query)
  const clean = cleanPath(path)
  if (clean !== path && !clean.startsWith('//')) {
    return reply
      .code(301)
      .header('location', query < 0 ? clean : clean + request.url.slice(query))
      .send()
  }
  return reply
    .code(404)
    .type('text/plain; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .send('404 page not found\n')
}
