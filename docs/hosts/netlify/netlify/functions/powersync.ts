import { powersyncFunctions } from "../../functions.ts";

const answer = powersyncFunctions();

export default (request: Request) => answer(request);

export const config = { path: "/powersync-*" };
