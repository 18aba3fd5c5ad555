import { defineError } from '@ens/errors'

export const badRequest = defineError(
  'invalid',
  'invalid_request',
  'The request cannot be understood; the message says what is wrong with it.',
)

export const jobTokenWrong = defineError(
  'unauthenticated',
  'job_token_wrong',
  'Job and status routes ask for JOB_TOKEN as a bearer token.',
)

export const jobStuck = defineError(
  'internal',
  'job_stuck',
  'A job did not end when its time was over, and was given up; what it waits for may still hold the service.',
)

export const jobTimeoutTooLong = defineError(
  'internal',
  'job_timeout_too_long',
  'The time-out of a job is longer than timers hold, so that every run would end as it begins.',
)

export const portTaken = defineError(
  'unavailable',
  'port_taken',
  'Another process listens on the port that PORT names.',
)

export const cannotListen = defineError(
  'internal',
  'cannot_listen',
  'The address that HOST names is not one of this machine, or PORT may not be used by this process.',
)
