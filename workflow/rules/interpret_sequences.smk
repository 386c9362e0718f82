from readsight.wiring.interpret_sequences import SequenceInterpretWiring

explain = SequenceInterpretWiring(project)


rule interpret_attribute_sequences:
    """Attribute predictions of the first model to the bases of test sequences."""
    input:
        unpack(explain.model_files),
        test="<results>/dataset/{task}/repeat0/test.h5",
        certificate="<results>/dataset/{task}/certificate.json",
        examples=explain.dataset.examples_file,
    output:
        attributions="<results>/interpret/{task}/attributions.h5",
    log:
        "<logs>/interpret_attribute_sequences/{task}.log",
    benchmark:
        "<benchmarks>/interpret_attribute_sequences/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(explain.tasks)),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=explain.dataset.memory_mb,
    params:
        code=hash_code("interpret_attribute_sequences"),
        spec=explain.attribution_spec,
        seed=project.config.seed,
    script:
        "../../scripts/interpret_attribute_sequences.py"


rule interpret_examine:
    """Test each attribution method: completeness, dependence on the model, and recovery of planted motifs."""
    input:
        unpack(explain.model_files),
        test="<results>/dataset/{task}/repeat0/test.h5",
        certificate="<results>/dataset/{task}/certificate.json",
        train="<results>/dataset/{task}/repeat0/train.h5",
        balanced=explain.fold_file,
        validation="<results>/dataset/{task}/repeat0/validation.h5",
        attributions="<results>/interpret/{task}/attributions.h5",
        truth=explain.site_truth,
    output:
        exams="<results>/interpret/{task}/exams.json",
        summary="<results>/interpret/{task}/exams.summary.json",
    log:
        "<logs>/interpret_examine/{task}.log",
    benchmark:
        "<benchmarks>/interpret_examine/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(explain.tasks)),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=explain.dataset.memory_mb,
    params:
        code=hash_code("interpret_examine"),
        spec=explain.exam_spec,
        seed=project.config.seed,
    script:
        "../../scripts/interpret_examine.py"


rule interpret_plot_exams:
    """Plot the tests of each attribution method."""
    input:
        exams="<results>/interpret/{task}/exams.json",
    output:
        table=report(
            "<results>/interpret/{task}/exams.svg",
            caption="../report/interpret_exams_sequences.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "1 tests of the methods"},
        ),
        curves=report(
            "<results>/interpret/{task}/curves.svg",
            caption="../report/interpret_curves.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "2 deletion and insertion"},
        ),
    log:
        "<logs>/interpret_plot_exams/{task}.log",
    benchmark:
        "<benchmarks>/interpret_plot_exams/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(explain.tasks)),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(800),
    params:
        code=hash_code("interpret_plot_exams"),
    script:
        "../../scripts/interpret_plot_exams.py"


rule interpret_plot_sequences:
    """Plot contributions as logos, effects of substitutions, genome tracks, and weights of attention."""
    input:
        unpack(explain.motif_files),
        attributions="<results>/interpret/{task}/attributions.h5",
        exams="<results>/interpret/{task}/exams.json",
        gtf=explain.gtf,
        variants=explain.effect_tables,
    output:
        logos=report(
            "<results>/interpret/{task}/logos.svg",
            caption="../report/interpret_logos.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "3 contributions by base"},
        ),
        logos_png="<results>/interpret/{task}/logos.png",
        mutagenesis=report(
            "<results>/interpret/{task}/mutagenesis.svg",
            caption="../report/interpret_mutagenesis.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "4 effects of substitutions"},
        ),
        mutagenesis_png="<results>/interpret/{task}/mutagenesis.png",
        tracks=report(
            "<results>/interpret/{task}/tracks.svg",
            caption="../report/interpret_tracks.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "5 genome tracks"},
        ),
        tracks_png="<results>/interpret/{task}/tracks.png",
        looks=report(
            "<results>/interpret/{task}/looks.svg",
            caption="../report/interpret_looks.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "6 where the model attends"},
        ),
        looks_png="<results>/interpret/{task}/looks.png",
    log:
        "<logs>/interpret_plot_sequences/{task}.log",
    benchmark:
        "<benchmarks>/interpret_plot_sequences/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(explain.tasks)),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    params:
        code=hash_code("interpret_plot_sequences"),
        drawn=explain.figure_count,
    script:
        "../../scripts/interpret_plot_sequences.py"


rule interpret_tracks:
    """Write the contributions of a method as genome tracks for genome browsers."""
    input:
        attributions="<results>/interpret/{task}/attributions.h5",
        contigs=explain.contig_table,
    output:
        bigwig="<results>/interpret/{task}/tracks/{method}.bw",
        bedgraph="<results>/interpret/{task}/tracks/{method}.bedgraph.gz",
    log:
        "<logs>/interpret_tracks/{task}.{method}.log",
    benchmark:
        "<benchmarks>/interpret_tracks/{task}.{method}.tsv"
    wildcard_constraints:
        task=one_of(explain.genomic_tasks()),
        method=one_of(explain.method_names()),
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    params:
        code=hash_code("interpret_tracks"),
    script:
        "../../scripts/interpret_tracks.py"


rule interpret_explorer:
    """Write an interactive page of sequences, predictions, attributions and tests."""
    input:
        unpack(explain.motif_files),
        attributions="<results>/interpret/{task}/attributions.h5",
        exams="<results>/interpret/{task}/exams.json",
        evaluation="<results>/model/{task}/evaluation.json",
        variants=explain.effect_tables,
    output:
        page=report(
            "<results>/interpret/{task}/explore.html",
            caption="../report/interpret_explore.rst",
            category="Interpretation",
            subcategory="{task}",
            labels={"figure": "0 interactive page"},
        ),
    log:
        "<logs>/interpret_explorer/{task}.log",
    benchmark:
        "<benchmarks>/interpret_explorer/{task}.tsv"
    wildcard_constraints:
        task=one_of(list(explain.tasks)),
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    params:
        code=hash_code("interpret_explorer"),
    script:
        "../../scripts/interpret_explorer.py"
