import { signatureInfos } from '@ens/database'
import { publicKeyToPem } from '@ens/keys'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { id, instant, milliseconds } from '../options.ts'
import {
  createSignatureInfo,
  endSignatureInfo,
  exportPublicKey,
  type SignatureInfoInput,
  updateSignatureInfo,
} from '../signature-infos.ts'
import { createEncryptionKey, createSigningKey, rotateSigningKey } from '../signing-keys.ts'

/** Keys in the key manager. */
export function addKeyCommands(program: Command, context: Context): void {
  const group = program.command('key').description('keys in the key manager')
  group
    .command('create-signing <parent/name>')
    .description('make a key that signs exports, or find it')
    .action(async (keyId: string) =>
      context.print(await createSigningKey((await context.forKeys()).keyManager, keyId)),
    )
  group
    .command('create-encryption <parent/name>')
    .description('make the key that wraps revision keys (REVISION_TOKEN_KEY_ID), or add a version')
    .action(async (keyId: string) =>
      context.print({
        keyId: await createEncryptionKey((await context.forKeys()).keyManager, keyId),
      }),
    )
  group
    .command('versions <key id>')
    .description('the versions of a signing key, newest first')
    .action(async (keyId: string) => {
      const { keyManager } = await context.forKeys()
      const versions = await keyManager.listSigningKeyVersions(keyId)
      context.print(versions.map(({ publicKey: _, ...version }) => version))
    })
  group
    .command('public-key <version id>')
    .description('the public key of a version as PEM')
    .action(async (versionId: string) => {
      const { publicKey } = await (await context.forKeys()).keyManager.signer(versionId)
      context.print(publicKeyToPem(publicKey).trimEnd())
    })
  group
    .command('destroy <version id>')
    .description('destroy a version of a signing key; what it signed stays valid')
    .requiredOption('--yes', 'confirm: this cannot be undone')
    .action(async (versionId: string) => {
      await (await context.forKeys()).keyManager.destroySigningKeyVersion(versionId)
      context.print({ destroyed: versionId })
    })
}

const TEN_DAYS_MS = 240 * 3_600_000

/** Which key version signs exports, under which id and version phones know it. */
export function addSignatureInfoCommands(program: Command, context: Context): void {
  const group = program
    .command('signature-info')
    .description('which key signs exports, and as whom phones know it')
  withSettings(group.command('create').description('let a key version sign exports'), true).action(
    async (input: SignatureInfoInput) =>
      context.print({ id: await createSignatureInfo(await context.forBoth(), input) }),
  )
  group
    .command('list')
    .description('every signature info')
    .action(async () =>
      context.print(await signatureInfos.list((await context.forConfiguration()).db)),
    )
  withSettings(
    group
      .command('update')
      .argument('<id>', 'as `list` shows it', id)
      .description('change what is given'),
    false,
  ).action(async (given: number, changes: Partial<SignatureInfoInput>) => {
    await updateSignatureInfo(await context.forBoth(), given, changes)
    context.print({ updated: given })
  })
  group
    .command('end')
    .argument('<id>', 'as `list` shows it', id)
    .description('let it sign no longer')
    .option('--at <time>', 'when (default: now)', instant)
    .action(async (given: number, { at = context.now() }: { at?: Date }) => {
      await endSignatureInfo(await context.forConfiguration(), given, at)
      context.print({ id: given, endsAt: at })
    })
  addRotation(group, context)
}

function addRotation(group: Command, context: Context): void {
  group
    .command('rotate')
    .argument('<id>', 'as `list` shows it', id)
    .description('let a new version of the key sign beside the old one, which ends later')
    .requiredOption('--key <parent/name>', 'the key that gets a new version')
    .requiredOption('--key-version <version>', 'what phones will call it, such as v2')
    .option('--overlap <duration>', 'how long both sign', milliseconds, TEN_DAYS_MS)
    .action(async (given: number, options: { key: string; keyVersion: string; overlap: number }) =>
      context.print(
        await rotateSigningKey(await context.forBoth(), {
          signatureInfoId: given,
          signingKeyId: options.key,
          keyVersion: options.keyVersion,
          oldThru: new Date(context.now().getTime() + options.overlap),
        }),
      ),
    )
  group
    .command('public-key')
    .argument('<id>', 'as `list` shows it', id)
    .description('what goes to Apple and Google: the public key as PEM, with id and version')
    .action(async (given: number) => {
      const { keyId, keyVersion, pem } = await exportPublicKey(await context.forBoth(), given)
      context.print({ keyId, keyVersion })
      context.print(pem.trimEnd())
    })
}

function withSettings(command: Command, creating: boolean): Command {
  const option = (flags: string, description: string) =>
    creating ? command.requiredOption(flags, description) : command.option(flags, description)
  option('--signing-key <version id>', 'the key manager’s id of a key version')
  option('--key-id <id>', 'verification_key_id, usually the country’s MCC')
  option('--key-version <version>', 'verification_key_version, such as v1')
  return command.option('--thru <time>', 'signs until (default: no end)', instant)
}
