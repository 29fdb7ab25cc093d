// SPDX-License-Identifier: Apache-2.0
/* Commands as values: what belongs to them. */
#include "media/media.h"

#include <stdlib.h>
#include <string.h>

void media_cmd_free(struct media_cmd *cmd)
{
	if (cmd->mail.kind == MEDIA_CMD_PLAY)
		free(cmd->play);
	if (cmd->mail.kind == MEDIA_CMD_RECORD && cmd->record) {
		explicit_bzero(cmd->record->key, sizeof cmd->record->key);
		free(cmd->record);
	}
	free(cmd);
}
