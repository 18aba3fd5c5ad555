/** A publish that was refused after its keys were looked at: the cause says why, the warnings are told along with it. */
export class RefusedPublish extends Error {
  override readonly name = 'RefusedPublish'
  readonly warnings: readonly string[]

  constructor(cause: unknown, warnings: readonly string[]) {
    super('the publish was refused', { cause })
    this.warnings = warnings
  }
}
