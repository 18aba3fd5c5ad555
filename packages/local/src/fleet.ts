/** Something that runs until it is stopped. */
export interface Member {
  readonly name: string
  /** Resolves when it has ended, with a sentence on how; absent if it cannot end by itself. */
  readonly ended?: Promise<string>
  stop(): Promise<unknown>
}

export interface Fleet {
  add<M extends Member>(member: M): M
  /** Resolves with a sentence when a member ends that was not asked to. */
  readonly brokenBy: Promise<string>
  /** Stops the members one after the other, the last one first; those that come later are stopped at once. */
  stop(): Promise<void>
}

export function createFleet(): Fleet {
  const members: Member[] = []
  let stopping: Promise<void> | undefined
  let report = (_sentence: string) => {}
  const brokenBy = new Promise<string>((resolve) => {
    report = resolve
  })

  async function stopAll(): Promise<void> {
    for (let member = members.pop(); member; member = members.pop()) await member.stop()
  }

  return {
    brokenBy,
    add(member) {
      if (stopping !== undefined) void member.stop()
      else members.push(member)
      void member.ended?.then((sentence) => {
        if (stopping === undefined) report(sentence)
      })
      return member
    },
    stop() {
      stopping ??= stopAll()
      return stopping
    },
  }
}
