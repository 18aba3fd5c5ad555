import { defineError } from '@ens/errors'

export const leaseLost = defineError(
  'conflict',
  'export_lease_lost',
  'Another worker has taken the batch over, because this one was silent for too long.',
)

export const nameTaken = defineError(
  'conflict',
  'export_name_taken',
  'An archive of this name was published already, or belongs to another batch; it is never overwritten.',
)

export const archiveDamaged = defineError(
  'internal',
  'export_archive_damaged',
  'An archive did not read back as it was written, or its signatures do not verify; it was not published.',
)

export const windowChanged = defineError(
  'internal',
  'export_window_changed',
  'A window did not hold as many keys as were counted in it; it was not published.',
)

export const workUnfinished = defineError(
  'unavailable',
  'export_work_unfinished',
  'The deadline passed, or the caller hung up, with work left; the next run goes on where this one stopped.',
)

export const batchTooSlow = defineError(
  'unavailable',
  'export_batch_too_slow',
  'The deadline of a run passed while it was at this batch for most of the time; the batch rests before it is tried again.',
)

export const settlingBusy = defineError(
  'unavailable',
  'export_settling_busy',
  'A worker was generating keys for too long, so that no batches could be made; the next run makes them.',
)
