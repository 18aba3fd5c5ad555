import { defineError } from '@ens/errors'

export const serverOutOfReach = defineError(
  'unavailable',
  'phone_server_unreachable',
  'The simulated phone got no answer, or not in time.',
)

export const responseTooLarge = defineError(
  'invalid',
  'phone_response_too_large',
  'A server sent the simulated phone more than it is ready to read.',
)

export const unexpectedResponse = defineError(
  'invalid',
  'phone_unexpected_response',
  'A server answered the simulated phone with something that is not what was asked for.',
)

export const namesUnusable = defineError(
  'invalid',
  'phone_index_unusable',
  'An index names something that is no archive below its own root.',
)

export const wrongRegion = defineError(
  'invalid',
  'phone_wrong_region',
  'An archive is for another region than the one asked for.',
)

export const inputUnusable = defineError(
  'invalid',
  'phone_input_unusable',
  'A file or an argument given to the simulated phone is missing or cannot be used.',
)
