/** OCI images of the services, made without a container engine. */
@NullMarked
package dev.cofferdam.images;

import org.jspecify.annotations.NullMarked;
