/* SPDX-License-Identifier: OLDAP-2.8 */
/* cjson.h - cppcheck reads no system headers, and this one is a loop */
#define cJSON_ArrayForEach(element, array)                                     \
	for (element = (array)->child; element; element = element->next)
