/* hold.h: how the pages of an image are held: in large pages, present, locked. */
#ifndef MC_IMAGE_HOLD_H
#define MC_IMAGE_HOLD_H
#include "image/image.h"

/* Does what `wishes` (MC_HOLD_*: modelcache.h) asks for. Nothing is wrong without it: best effort.
 * @return the wishes that the system refused. The budget is not changed: large pages are made only
 * where a whole one fits into the image. */
unsigned mc_image_hold(const mc_image *image, unsigned wishes);
#endif
