from readsight.wiring.variants_compare import CompareWiring

compare = CompareWiring(project)


rule variants_compare:
    """Compare the calls of a caller with the truth by haplotypes, and label each candidate call true or false."""
    input:
        calls="<results>/variants/{caller}.bcf",
        index="<results>/variants/{caller}.bcf.csi",
        truth=compare.truth_vcf(),
        bed=compare.truth_bed(),
        strata=list(compare.strata_beds().values()),
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        labels="<results>/variants/compare/{caller}.labels.vcf.gz",
        tbi="<results>/variants/compare/{caller}.labels.vcf.gz.tbi",
        table="<results>/variants/compare/{caller}.tsv",
        sites="<results>/variants/compare/{caller}.sites.tsv",
        spectra="<results>/variants/compare/{caller}.spectra.json",
        summary="<results>/variants/compare/{caller}.summary.json",
    wildcard_constraints:
        caller=one_of(compare.callers),
    params:
        code=hash_code("variants_compare"),
        strata=list(compare.strata_beds()),
        samples=compare.sample_pairs(),
        seed=project.config.seed,
    log:
        "<logs>/variants_compare/{caller}.log",
    benchmark:
        "<benchmarks>/variants_compare/{caller}.tsv"
    conda:
        "../../envs/truth.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    script:
        "../../scripts/variants_compare.py"


rule variants_compare_structural:
    """Compare structural variants with the truth by type, breakpoints and size."""
    input:
        calls="<results>/variants/structural/{structural}.bcf",
        index="<results>/variants/structural/{structural}.bcf.csi",
        truth=compare.structural_vcf(),
        fai="<results>/align/reference/genome.fa.fai",
    output:
        table="<results>/variants/compare/{structural}.tsv",
        sites="<results>/variants/compare/{structural}.sites.tsv",
        summary="<results>/variants/compare/{structural}.summary.json",
    wildcard_constraints:
        structural=one_of(compare.structural_callers),
    params:
        code=hash_code("variants_compare_structural"),
        samples=compare.sample_pairs(),
    log:
        "<logs>/variants_compare_structural/{structural}.log",
    benchmark:
        "<benchmarks>/variants_compare_structural/{structural}.tsv"
    conda:
        "../../envs/truth.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    script:
        "../../scripts/variants_compare_structural.py"


rule variants_plot:
    """Plot precision and recall of the small-variant calls."""
    input:
        tables=compare.accuracy_tables(),
        spectra=compare.spectra_files(),
    output:
        accuracy=report(
            "<results>/variants/compare/accuracy.svg",
            caption="../report/variants_accuracy.rst",
            category="Variants",
            subcategory="Truth comparison",
            labels={"figure": "Precision and recall"},
        ),
        sizes=report(
            "<results>/variants/compare/sizes.svg",
            caption="../report/variants_sizes.rst",
            category="Variants",
            subcategory="Truth comparison",
            labels={"figure": "Indels by length"},
        ),
        quality=report(
            "<results>/variants/compare/quality.svg",
            caption="../report/variants_quality.rst",
            category="Variants",
            subcategory="Truth comparison",
            labels={"figure": "Quality and depth of true and false calls"},
        ),
    params:
        code=hash_code("variants_plot"),
        callers=compare.callers,
    log:
        "<logs>/variants_plot.log",
    benchmark:
        "<benchmarks>/variants_plot.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/variants_plot.py"


rule variants_plot_structural:
    """Plot precision and recall of the structural-variant calls."""
    input:
        tables=compare.structural_tables(),
        sites=compare.structural_sites(),
    output:
        structural=report(
            "<results>/variants/compare/structural.svg",
            caption="../report/variants_structural.rst",
            category="Variants",
            subcategory="Structural variants",
            labels={"figure": "Structural variants against the truth"},
        ),
    params:
        code=hash_code("variants_plot_structural"),
        callers=compare.structural_callers,
    log:
        "<logs>/variants_plot_structural.log",
    benchmark:
        "<benchmarks>/variants_plot_structural.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/variants_plot_structural.py"
