// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <string.h>

static const char *own_text(int err)
{
	switch (err) {
	case 0:
		return "no error";
	case E_MALFORMED:
		return "malformed";
	case E_MORE:
		return "incomplete, more is needed";
	case E_POLICY:
		return "not allowed";
	case E_LIMIT:
		return "over a limit";
	case E_STALE:
		return "stale";
	default:
		return NULL;
	}
}

const char *err_text(int err)
{
	const char *text = own_text(err);

	/* strerror() is neither static nor the same in every locale. */
	if (!text)
		text = strerrordesc_np(err);
	return text ? text : "unknown error";
}
