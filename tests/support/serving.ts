/**
 * Serves one answer at every path of an address on this computer, for one test.
 *
 * @param answer Makes the answer.
 * @param test Is given the address, without trailing slash.
 */
export async function serving(
  answer: (request: Request) => Response | Promise<Response>,
  test: (url: string) => Promise<void>,
): Promise<void> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  await test(`http://127.0.0.1:${server.addr.port}`);
}
