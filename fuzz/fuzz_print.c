// SPDX-License-Identifier: Apache-2.0
/* Any JSON as the result of the command that the first byte names, detail records among them, as
 * `tandem` shows it to people: no control character reaches the terminal. */
#include "app/print.h"
#include "feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf out;
	if (n == 0)
		return 0;
	json_t *result = json_loadb((const char *)p + 1, n - 1, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (!result)
		return 0;
	buf_init(&out, 1 << 24);
	print_result(&out, (enum command_id)(p[0] % COMMANDS), result, STR_NONE);
	for (size_t i = 0; i < out.n; i++)
		need((unsigned char)out.p[i] >= 0x20 ? out.p[i] != 0x7f : out.p[i] == '\n');
	buf_fini(&out);
	json_decref(result);
	return 0;
}
