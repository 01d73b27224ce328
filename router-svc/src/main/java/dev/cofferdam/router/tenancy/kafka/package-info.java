/** The directory as views of the configuration topics. */
@NullMarked
package dev.cofferdam.router.tenancy.kafka;

import org.jspecify.annotations.NullMarked;
