import { powersyncFunctions } from "../functions.ts";

export default { fetch: powersyncFunctions() };
