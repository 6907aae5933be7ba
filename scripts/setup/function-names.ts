/** The functions, by name: a project may have others, which deployments of ours leave alone. */
export const FUNCTION_NAMES = ["powersync-jwks", "powersync-auth", "powersync-auth-anonymous"] as const;
