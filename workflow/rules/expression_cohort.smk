from readsight.wiring.expression_cohort import CohortWiring

cohort = CohortWiring(project)


wildcard_constraints:
    cohort=one_of(cohort.cohort_names()),


rule expression_assemble:
    """Merge the counts of all samples into one AnnData with TPM."""
    input:
        counts=cohort.expression.count_files(),
        salmon=cohort.expression.salmon_genes(),
        stats=cohort.stats_files(),
        genes="<results>/expression/reference/genes.tsv",
    output:
        data="<results>/expression/expression.h5ad",
        summary="<results>/expression/cohort/assemble.summary.json",
    params:
        code=hash_code("expression_assemble"),
        samples=cohort.samples,
        metadata=cohort.sample_metadata(),
    log:
        "<logs>/expression_assemble.log",
    benchmark:
        "<benchmarks>/expression_assemble.tsv"
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=cohort.scale_memory(),
    script:
        "../../scripts/expression_assemble.py"


rule expression_explore:
    """Explore a cohort: principal components, similarity of samples, distribution of values."""
    input:
        data=cohort.matrix_file,
    output:
        overview="<results>/expression/{cohort}/overview.json",
        summary="<results>/expression/{cohort}/explore.summary.json",
    params:
        code=hash_code("expression_explore"),
        labels=cohort.label_columns,
        batches=cohort.batch_columns,
    log:
        "<logs>/expression_explore/{cohort}.log",
    benchmark:
        "<benchmarks>/expression_explore/{cohort}.tsv"
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=cohort.scale_memory(),
    script:
        "../../scripts/expression_explore.py"


rule expression_identity:
    """Compare the sex inferred from expression with that of the sample sheet."""
    input:
        data="<results>/expression/expression.h5ad",
    output:
        table="<results>/expression/cohort/identity.tsv",
        summary="<results>/expression/cohort/identity.summary.json",
    params:
        code=hash_code("expression_identity"),
    log:
        "<logs>/expression_identity.log",
    benchmark:
        "<benchmarks>/expression_identity.tsv"
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=cohort.scale_memory(),
    script:
        "../../scripts/expression_identity.py"


rule expression_differential:
    """Test genes for differential expression between two groups of samples."""
    input:
        data=cohort.matrix_file,
    output:
        table="<results>/expression/{cohort}/differential.tsv",
        summary="<results>/expression/{cohort}/differential.summary.json",
    params:
        code=hash_code("expression_differential"),
        contrast=cohort.contrast_spec,
    log:
        "<logs>/expression_differential/{cohort}.log",
    benchmark:
        "<benchmarks>/expression_differential/{cohort}.tsv"
    conda:
        "../../envs/differential.yaml"
    threads: 4
    resources:
        mem_mb=cohort.scale_memory(),
    script:
        "../../scripts/expression_differential.py"


rule expression_plot:
    """Plot a cohort: principal components, similarity of samples, distribution of values."""
    input:
        overview="<results>/expression/{cohort}/overview.json",
    output:
        components=report(
            "<results>/expression/{cohort}/components.svg",
            caption="../report/expression_components.rst",
            category="Expression",
            subcategory="{cohort}",
            labels={"figure": "Principal components"},
        ),
        likeness=report(
            "<results>/expression/{cohort}/likeness.svg",
            caption="../report/expression_likeness.rst",
            category="Expression",
            subcategory="{cohort}",
            labels={"figure": "Similarity of samples"},
        ),
        spread=report(
            "<results>/expression/{cohort}/spread.svg",
            caption="../report/expression_spread.rst",
            category="Expression",
            subcategory="{cohort}",
            labels={"figure": "Distribution of values"},
        ),
    params:
        code=hash_code("expression_plot"),
    log:
        "<logs>/expression_plot/{cohort}.log",
    benchmark:
        "<benchmarks>/expression_plot/{cohort}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/expression_plot.py"


rule expression_plot_differential:
    """Plot differential expression: volcano and MA."""
    input:
        table="<results>/expression/{cohort}/differential.tsv",
    output:
        volcano=report(
            "<results>/expression/{cohort}/volcano.svg",
            caption="../report/expression_volcano.rst",
            category="Expression",
            subcategory="{cohort}",
            labels={"figure": "Differential genes (volcano)"},
        ),
        abundance=report(
            "<results>/expression/{cohort}/abundance.svg",
            caption="../report/expression_abundance.rst",
            category="Expression",
            subcategory="{cohort}",
            labels={"figure": "Differential genes by abundance (MA)"},
        ),
    params:
        code=hash_code("expression_plot_differential"),
        groups=cohort.contrast_groups,
    log:
        "<logs>/expression_plot_differential/{cohort}.log",
    benchmark:
        "<benchmarks>/expression_plot_differential/{cohort}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/expression_plot_differential.py"


rule expression_plot_gene_body:
    """Plot gene-body coverage, from the 5' to the 3' end."""
    input:
        bodies=cohort.gene_body_files(),
    output:
        gene_body=report(
            "<results>/expression/cohort/gene_body.svg",
            caption="../report/expression_gene_body.rst",
            category="Expression",
            subcategory="cohort",
            labels={"figure": "Gene-body coverage"},
        ),
    params:
        code=hash_code("expression_plot_gene_body"),
        samples=cohort.samples,
    log:
        "<logs>/expression_plot_gene_body.log",
    benchmark:
        "<benchmarks>/expression_plot_gene_body.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/expression_plot_gene_body.py"
