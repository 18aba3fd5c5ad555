import { defineError } from '@ens/errors'

export const portTaken = defineError(
  'unavailable',
  'local_port_taken',
  'A port that the local fleet needs is in use; its variable sets another.',
)

export const memberFailed = defineError(
  'unavailable',
  'local_member_failed',
  'A process of the local fleet did not come up, or ended by itself; its log says why.',
)

export const demoKeysGone = defineError(
  'conflict',
  'local_demo_keys_gone',
  'The database of the demo names keys that are no longer in its folder; both belong together.',
)

export const proofFailed = defineError(
  'internal',
  'local_proof_failed',
  'The simulated phone did not find in the archives what it had published.',
)

export const folderNotOurs = defineError(
  'conflict',
  'local_folder_not_ours',
  'The folder of the local fleet belongs to another user, who started it before.',
)
