/** Why a command could not do its job, as one sentence for the user: exit status 2. */
export class Failure extends Error {}
