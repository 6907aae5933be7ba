import { powersyncFunctions } from "./functions.ts";

export default { hostname: process.env.HOST, fetch: powersyncFunctions() };
