/** How the process ends. `orgtree help` tells the same. */
export const exitCode = {
  done: 0,
  /** The organization failed, the lint found errors, a journal is damaged, or a node did not answer. */
  failed: 1,
  /** A mistake on the command line, input that cannot be used, or a cluster that cannot be. Nothing was started. */
  usage: 2,
  interrupted: 130,
} as const;

/** One of the codes. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
