package dev.cofferdam.tenancy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class HouseTest {
  private static final String ROOT = "dev.cofferdam.tenancy";
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(ROOT);

  @Test
  void packagesHaveNoCycles() {
    slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void yamlIsKnownByItsOwnPackageAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + "..yaml..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.yaml..", ROOT + "..yaml..")
        .check(CLASSES);
  }

  @Test
  void thePlannerIsPlainJava() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".mig")
        .should()
        .dependOnClassesThat()
        .resideOutsideOfPackages(
            "java.lang..",
            "java.util..",
            "org.jspecify..",
            "dev.cofferdam.vocabulary",
            ROOT + ".mig")
        .check(CLASSES);
  }
}
