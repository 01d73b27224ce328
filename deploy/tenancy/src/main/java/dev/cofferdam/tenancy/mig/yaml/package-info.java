/** Reads what a plan is asked for from a YAML file. */
@NullMarked
package dev.cofferdam.tenancy.mig.yaml;

import org.jspecify.annotations.NullMarked;
