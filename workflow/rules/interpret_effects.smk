rule interpret_variants:
    """Predict variant effects: the alternative against the reference allele."""
    input:
        unpack(explain.model_files),
        unpack(explain.dataset.genome_store),
        vcf=explain.variants_vcf,
        examples=explain.dataset.examples_file,
        split="<results>/dataset/{task}/split.parquet",
        gtf=explain.gtf,
        database=explain.motif_database,
        conservation=explain.conservation_bigwig,
    output:
        vcf="<results>/interpret/{task}/variants/{set}.vcf.gz",
        index="<results>/interpret/{task}/variants/{set}.vcf.gz.tbi",
        table="<results>/interpret/{task}/variants/{set}.parquet",
        data="<results>/interpret/{task}/variants/{set}.h5ad",
        evaluation="<results>/interpret/{task}/variants/{set}.json",
        summary="<results>/interpret/{task}/variants/{set}.summary.json",
    log:
        "<logs>/interpret_variants/{task}.{set}.log",
    benchmark:
        "<benchmarks>/interpret_variants/{task}.{set}.tsv"
    wildcard_constraints:
        task=one_of(list(explain.tasks)),
        set=one_of(explain.set_names()),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=explain.dataset.memory_mb,
    params:
        code=hash_code("interpret_variants"),
        spec=explain.effects_spec,
        seed=project.config.seed,
    script:
        "../../scripts/interpret_variants.py"


rule interpret_plot_variants:
    """Plot predicted variant effects, and how well they match known effects."""
    input:
        evaluation="<results>/interpret/{task}/variants/{set}.json",
        table="<results>/interpret/{task}/variants/{set}.parquet",
    output:
        effects=report(
            "<results>/interpret/{task}/variants/{set}.svg",
            caption="../report/interpret_variants.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "10 variant effects: {set}"},
        ),
    log:
        "<logs>/interpret_plot_variants/{task}.{set}.log",
    benchmark:
        "<benchmarks>/interpret_plot_variants/{task}.{set}.tsv"
    wildcard_constraints:
        task=one_of(list(explain.tasks)),
        set=one_of(explain.set_names()),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=hash_code("interpret_plot_variants"),
    script:
        "../../scripts/interpret_plot_variants.py"


rule interpret_personal:
    """Predict personal sequences, haplotype by haplotype."""
    input:
        unpack(explain.model_files),
        unpack(explain.dataset.genome_store),
        vcf=explain.personal_vcf,
        regions=explain.regions_bed,
        examples=explain.dataset.examples_file,
        split="<results>/dataset/{task}/split.parquet",
    output:
        table="<results>/interpret/{task}/personal/{set}.parquet",
        text="<results>/interpret/{task}/personal/{set}.tsv",
        summary="<results>/interpret/{task}/personal/{set}.summary.json",
    log:
        "<logs>/interpret_personal/{task}.{set}.log",
    benchmark:
        "<benchmarks>/interpret_personal/{task}.{set}.tsv"
    wildcard_constraints:
        task=one_of(list(explain.tasks)),
        set=one_of(explain.set_names()),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=explain.dataset.memory_mb,
    params:
        code=hash_code("interpret_personal"),
        spec=explain.personal_spec,
        seed=project.config.seed,
    script:
        "../../scripts/interpret_personal.py"


rule interpret_plot_personal:
    """Plot the windows with the largest predicted differences between individuals."""
    input:
        table="<results>/interpret/{task}/personal/{set}.parquet",
    output:
        people=report(
            "<results>/interpret/{task}/personal/{set}.svg",
            caption="../report/interpret_personal.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "11 individuals: {set}"},
        ),
    log:
        "<logs>/interpret_plot_personal/{task}.{set}.log",
    benchmark:
        "<benchmarks>/interpret_plot_personal/{task}.{set}.tsv"
    wildcard_constraints:
        task=one_of(list(explain.tasks)),
        set=one_of(explain.set_names()),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=hash_code("interpret_plot_personal"),
    script:
        "../../scripts/interpret_plot_personal.py"
