/* SPDX-License-Identifier: OLDAP-2.8 */
/* memory.h - our memory is nobody else's: passwords pass through it */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

/* From here on this process leaves no core file, also where its limits would
 * allow one, and no other process of the same user looks into it. */
void rst_memory_private(void);

#endif
